"""Browsers, driven by Playwright: the extra `casare-cloud[browser]`. Importing this registers the nodes, no more."""

from casare_cloud.robot.executor.nodes.browser import elements, forms, reading, windows

__all__ = ["elements", "forms", "reading", "windows"]
