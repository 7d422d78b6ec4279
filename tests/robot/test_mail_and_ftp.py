"""Nodes for e-mail and FTP, with servers of this machine."""

from email import message_from_bytes, policy
from typing import Any

import pytest
from tests.robot.mail_server import PASSWORD, MailServer
from tests.robot.post_servers import FileServer, PostOffice, Server, Session
from tests.robot.workflows import Workshop, chain

from casare_cloud.robot.executor.control import RunCancelled
from casare_cloud.robot.executor.errors import NodeError, NodeInputError, SandboxError
from casare_cloud.robot.executor.nodes import mail

MAIL = {"to_email": "Ann <ann@example.org>, bo@example.org", "from_email": "shop@example.org", "subject": "Grüße"}


@pytest.fixture
def post() -> Any:
    with PostOffice() as office:
        yield office


@pytest.fixture
def box() -> Any:
    with MailServer() as server:
        yield server


@pytest.fixture
def files() -> Any:
    with FileServer() as server:
        yield server


def office_of(post: PostOffice) -> dict[str, Any]:
    return {"smtp_server": "127.0.0.1", "smtp_port": post.port, "use_tls": False}


def account_of(box: MailServer) -> dict[str, Any]:
    return {
        "imap_server": "127.0.0.1", "imap_port": box.server_address[1], "use_ssl": False, "username": "me",
        "password": PASSWORD,
    }  # fmt: skip


# Mail


def test_a_mail_is_sent_with_files_of_the_job(workshop: Workshop, post: PostOffice) -> None:
    (workshop.folder / "a.csv").write_text("a,b", encoding="utf-8")
    (workshop.folder / "b.eml").write_text("From: x", encoding="utf-8")
    found = workshop.outputs("SendEmailNode", {
        **office_of(post), **MAIL, "body": "<b>Hi</b>", "is_html": True, "cc": "cy@example.org",
        "bcc": "di@example.org",
        "attachments": "a.csv, b.eml", "priority": "high", "sender_name": "The Shop", "reply_to": "re@example.org",
        "read_receipt": True,
    })  # fmt: skip
    [(sender, receivers, content)] = post.mails
    assert (sender, receivers) == (
        "shop@example.org", ["ann@example.org", "bo@example.org", "cy@example.org", "di@example.org"]
    )  # fmt: skip
    mail = message_from_bytes(content, policy=policy.default)
    assert (mail["From"], mail["Subject"], mail["X-Priority"]) == ("The Shop <shop@example.org>", "Grüße", "1")
    assert found == {"success": True, "message_id": mail["Message-ID"]}
    assert "di@example.org" not in content.decode()
    body = mail.get_body(("html",))
    assert body is not None
    assert body.get_content().strip() == "<b>Hi</b>"
    assert [part.get_filename() for part in mail.iter_attachments()] == ["a.csv", "b.eml"]


def test_a_mail_that_was_not_taken_is_tried_again(workshop: Workshop, post: PostOffice) -> None:
    post.refuses = 1
    workshop.outputs("SendEmailNode", {**office_of(post), **MAIL, "retry_count": 1, "retry_interval": 1})
    assert len(post.mails) == 1
    post.refuses = 1
    with pytest.raises(NodeError, match=r"127\.0\.0\.1: .*421") as caught:
        workshop.outputs("SendEmailNode", {**office_of(post), **MAIL})
    assert caught.value.is_retryable


def test_a_mail_that_some_have_taken_is_not_sent_to_them_again(workshop: Workshop, post: PostOffice) -> None:
    post.unknown = {"bo@example.org"}
    with pytest.raises(NodeInputError, match=r"did not take the mail to bo@example\.org"):
        workshop.outputs("SendEmailNode", {**office_of(post), **MAIL, "retry_count": 1, "retry_interval": 1})
    assert [receivers for _, receivers, _ in post.mails] == [["ann@example.org"]]


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"to_email": ""}, NodeInputError),
        ({"from_email": ""}, NodeInputError),
        ({"subject": "a\nBcc: x@example.org"}, ValueError),
        ({"attachments": ["../secret"]}, SandboxError),
    ],
)
def test_a_mail_that_cannot_be_written_is_not_sent(
    workshop: Workshop, post: PostOffice, config: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        workshop.outputs("SendEmailNode", {**office_of(post), **MAIL, **config})
    assert post.mails == []


def test_mails_are_read_and_stay_unread(workshop: Workshop, box: MailServer) -> None:
    for subject in ("one", "two", "three"):
        box.mailbox.put(subject, f"<{subject}@example.org>")
    found = workshop.outputs("ReadEmailsNode", {**account_of(box), "limit": 2})
    assert [mail["subject"] for mail in found["emails"]] == ["three", "two"]
    mail = found["emails"][0]
    assert (mail["uid"], mail["from"], mail["message_id"]) == ("3", "shop@example.org", "<three@example.org>")
    assert mail["body_text"] == "the text of three\n"
    assert mail["attachments"] == [{"filename": "rows.csv", "content_type": "text/csv", "size": 3}]
    assert box.mailbox.seen == set()
    content = workshop.outputs("GetEmailContentNode", {"email": mail})
    assert (content["subject"], content["body_text"]) == ("three", "the text of three\n")
    kept = {"emails": found["emails"], "subject_contains": "TWO", "has_attachments": True}
    assert workshop.outputs("FilterEmailsNode", kept)["count"] == 1
    assert workshop.outputs("FilterEmailsNode", {**kept, "has_attachments": False})["count"] == 0


def test_a_search_and_marks_are_obeyed(workshop: Workshop, box: MailServer) -> None:
    first, second = box.mailbox.put("one"), box.mailbox.put("two")
    box.mailbox.can = "UIDPLUS"
    account = account_of(box)
    search = {"search_criteria": "UNSEEN", "mark_as_read": True, "newest_first": False, "include_body": False}
    found = workshop.outputs("ReadEmailsNode", {**account, **search})
    assert [mail["subject"] for mail in found["emails"]] == ["one", "two"]
    assert {mail["body_text"] for mail in found["emails"]} == {""}
    assert box.mailbox.seen == {first, second}
    for mark in ("unread", "flagged"):
        workshop.outputs("MarkEmailNode", {**account, "email_uid": first, "mark_as": mark})
    assert (box.mailbox.seen, box.mailbox.flagged) == ({second}, {first})
    workshop.outputs("MoveEmailNode", {**account, "email_uid": str(first), "target_folder": "Done"})
    assert box.mailbox.copies == [(first, "Done")]
    workshop.outputs("DeleteEmailNode", {**account, "email_uid": second, "permanent": True})
    assert box.mailbox.mails == {}


@pytest.mark.parametrize(("can", "stays"), [("MOVE", False), ("UIDPLUS", False), ("", True)])
def test_a_moved_mail_takes_no_other_with_it(workshop: Workshop, box: MailServer, can: str, stays: bool) -> None:
    first, other = box.mailbox.put("one"), box.mailbox.put("two")
    box.mailbox.can, box.mailbox.deleted = can, {other}
    workshop.outputs("MoveEmailNode", {**account_of(box), "email_uid": first, "target_folder": "Done"})
    assert box.mailbox.copies == [(first, "Done")]
    assert box.mailbox.mails.keys() == ({first, other} if stays else {other})
    assert box.mailbox.deleted >= ({first, other} if stays else {other})


def test_a_mail_that_is_deleted_for_good_takes_no_other_with_it(workshop: Workshop, box: MailServer) -> None:
    first, second, other = (box.mailbox.put(name) for name in ("one", "two", "three"))
    config = {**account_of(box), "permanent": True}
    box.mailbox.can, box.mailbox.deleted = "UIDPLUS", {other}
    workshop.outputs("DeleteEmailNode", {**config, "email_uid": first})
    assert box.mailbox.mails.keys() == {second, other}
    box.mailbox.can = ""
    with pytest.raises(NodeInputError, match="no UIDPLUS and would remove 1 more"):
        workshop.outputs("DeleteEmailNode", {**config, "email_uid": second})
    assert (box.mailbox.mails.keys(), box.mailbox.deleted & {second}) == ({second, other}, set())
    box.mailbox.deleted.clear()
    workshop.outputs("DeleteEmailNode", {**config, "email_uid": second})
    assert box.mailbox.mails.keys() == {other}


def test_a_mail_that_is_too_large_is_not_cut(
    workshop: Workshop, box: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "MOST_BYTES", 100)
    config = {**account_of(box), "email_uid": box.mailbox.put("one")}
    with pytest.raises(NodeInputError, match="the mail 1 is larger than"):
        workshop.outputs("SaveAttachmentNode", config)
    assert "UID FETCH 1 (BODY.PEEK[]<0.101>)" in box.mailbox.commands


def test_what_is_attached_is_saved_in_the_jobs_folder_under_names_of_its_own(
    workshop: Workshop, box: MailServer
) -> None:
    config = {**account_of(box), "email_uid": box.mailbox.put("one"), "save_path": "in"}
    assert workshop.outputs("SaveAttachmentNode", config) == {"saved_files": ["in/rows.csv"], "count": 1}
    assert workshop.outputs("SaveAttachmentNode", config)["saved_files"] == ["in/rows_1.csv"]
    assert (workshop.folder / "in" / "rows_1.csv").read_bytes() == b"a,b"


@pytest.mark.parametrize(
    ("type_", "config", "error", "match"),
    [
        ("ReadEmailsNode", {"password": "x"}, NodeError, "wrong password"),
        ("ReadEmailsNode", {"search_criteria": "ALL\r\nA1 LOGOUT"}, NodeInputError, "one line of ASCII"),
        ("ReadEmailsNode", {"limit": 5000}, NodeInputError, "limit of it is 1 to 1,000"),
        ("MarkEmailNode", {"email_uid": "1:*"}, NodeInputError, "is a number"),
        ("ReadEmailsNode", {"imap_port": 9}, NodeError, "Connection refused"),
    ],
)
def test_what_a_mailbox_cannot_do_is_an_error(
    workshop: Workshop, box: MailServer, type_: str, config: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        workshop.outputs(type_, {**account_of(box), **config})


# FTP


def test_files_go_to_a_server_and_come_back(workshop: Workshop, files: FileServer) -> None:
    (workshop.folder / "a.txt").write_text("hello", encoding="utf-8")
    result = workshop.run(
        chain(
            ("c", "FTPConnectNode", {"host": "127.0.0.1", "port": files.port, "username": "me", "password": "x"}),
            ("up", "FTPUploadNode", {"local_path": "a.txt", "remote_path": "in/a.txt", "create_dirs": True}),
            ("re", "FTPRenameNode", {"old_path": "in/a.txt", "new_path": "b.txt"}),
            ("ls", "FTPListNode", {"remote_path": "."}),
            ("sz", "FTPGetSizeNode", {"remote_path": "b.txt"}),
            ("no", "FTPGetSizeNode", {"remote_path": "none"}),
            ("dn", "FTPDownloadNode", {"remote_path": "b.txt", "local_path": "back/b.txt"}),
            ("mk", "FTPMakeDirNode", {"remote_path": "x/y", "parents": True}),
            ("rm", "FTPRemoveDirNode", {"remote_path": "x/y"}),
            ("de", "FTPDeleteNode", {"remote_path": "b.txt"}),
            ("v", "SetVariableNode", {"name": "seen", "value": ["{{ls.items}}", "{{sz.size}}", "{{no.found}}"]}),
            ("di", "FTPDisconnectNode", {}),
        )
    )
    assert result["variables"]["seen"] == [["b.txt"], 5, False]
    assert (workshop.folder / "back" / "b.txt").read_text(encoding="utf-8") == "hello"
    assert (files.files, files.folders) == ({}, {"in", "x"})
    assert files.commands[-1] == "QUIT"


def test_an_ftp_node_needs_a_connection_and_overwrites_nothing(workshop: Workshop, files: FileServer) -> None:
    with pytest.raises(NodeInputError, match="an FTPConnectNode opens one"):
        workshop.outputs("FTPListNode", {})
    workshop.outputs("FTPConnectNode", {"host": "127.0.0.1", "port": files.port})
    (workshop.folder / "a").write_text("mine", encoding="utf-8")
    with pytest.raises(NodeInputError, match="overwrite is not set"):
        workshop.outputs("FTPDownloadNode", {"remote_path": "a", "local_path": "a"})
    with pytest.raises(NodeError, match="the FTP server: 550 no"):
        workshop.outputs("FTPDownloadNode", {"remote_path": "none", "local_path": "b"})
    workshop.held.close()


class _Mute(Session):
    def handle(self) -> None:
        self.say("220 ready")
        for line in self.lines():
            if line.startswith("USER"):
                self.say("230 welcome")


@pytest.mark.parametrize("type_", ["FTPListNode", "FTPDisconnectNode"])
def test_a_steps_time_ends_the_wait_for_a_mute_server(workshop: Workshop, type_: str) -> None:
    with Server(_Mute) as server:
        workshop.outputs("FTPConnectNode", {"host": "127.0.0.1", "port": server.port, "timeout": 60})
        with pytest.raises(NodeError) as caught:
            workshop.outputs(type_, {}, step_seconds=0.2)
        assert caught.value.error_type == "StepTimeout"
        with pytest.raises(NodeInputError, match="an FTPConnectNode opens one"):
            workshop.outputs("FTPListNode", {})


def test_a_server_that_says_nothing_is_left_when_the_job_is_cancelled(workshop: Workshop) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        workshop.control.cancel("enough")
        with pytest.raises(RunCancelled):
            workshop.outputs("FTPConnectNode", {"host": "127.0.0.1", "port": silent.getsockname()[1]})
