"""`python -m casare_cloud` is the command line."""

from casare_cloud.cli import main

main()
