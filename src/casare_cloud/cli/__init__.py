"""The command line: `casare-cloud --help`."""


def main() -> None:
    """Run the command line; the commands are imported here so that importing the package stays light."""
    from casare_cloud.cli.app import app
    from casare_cloud.cli.output import safe_output

    with safe_output():
        app()
