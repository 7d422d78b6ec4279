"""Runs workflows of both published forms: CasareRPA nodes and connections, and automation steps."""

from casare_cloud.robot.executor.run import run_workflow

__all__ = ["run_workflow"]
