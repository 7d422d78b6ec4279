"""The built-in nodes, one module a subject. Importing a module registers its nodes."""


def load() -> None:
    """Registers every built-in node."""
    from casare_cloud.robot.executor.nodes import (  # noqa: F401
        archives,
        basic,
        browser,
        csv_files,
        databases,
        dates,
        dicts,
        files,
        ftp,
        judging,
        lists,
        mail,
        mathematics,
        messages,
        patterns,
        pdf_files,
        super_nodes,
        texts,
        web,
        web_super,
        xml_data,
    )
