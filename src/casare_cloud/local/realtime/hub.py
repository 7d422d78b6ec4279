"""Topics, their members, and the delivery of one message to all of them."""

import base64
import logging
import secrets
import time
from typing import NamedTuple, Protocol

from .limits import Clock, Limits, RateCounter
from .wire import Json, Outgoing

logger = logging.getLogger(__name__)

TOO_MANY_MESSAGES = "Too many messages per second"


class TopicKey(NamedTuple):
    """A public and a private channel of one name are two topics."""

    name: str
    """Without `realtime:`."""
    is_private: bool

    @property
    def wire_name(self) -> str:
        """As frames name it."""
        return f"realtime:{self.name}"


class Member(Protocol):
    """One joined channel, as the hub sees it."""

    def deliver(self, message: Outgoing) -> bool:
        """Pass a broadcast to the client; False when it may not or need not get it."""

    def deliver_presence(self, message: Outgoing) -> None:
        """Pass a presence message to the client, if it may see who is there."""

    def shut_down(self, message: str) -> None:
        """Tell the client why, and close the channel."""


class Topic:
    """The members of a topic, and who of them said "I am here": key -> member -> what they said."""

    def __init__(self, key: TopicKey) -> None:
        self.key = key
        self.members: dict[Member, None] = {}
        self.presences: dict[str, dict[Member, Json]] = {}

    def presence_state(self) -> Json:
        """Everyone who is here, in the protocol's form."""
        return {key: {"metas": list(metas.values())} for key, metas in self.presences.items()}


class Hub:
    """Fans messages out: a message is written once for each protocol version, and given to each socket's queue."""

    def __init__(self, limits: Limits, clock: Clock = time.monotonic) -> None:
        self.limits = limits
        self.messages = RateCounter(limits.messages_per_second, clock)
        self.joins = RateCounter(limits.joins_per_second, clock)
        self.presence_messages = RateCounter(limits.presence_per_second, clock)
        self._topics: dict[TopicKey, Topic] = {}

    def join(self, key: TopicKey, member: Member) -> Topic:
        """Make the member one of the topic's."""
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = Topic(key)
        topic.members[member] = None
        return topic

    def leave(self, key: TopicKey, member: Member) -> None:
        """Undo `join`; the others see a member that was present go."""
        if (topic := self._topics.get(key)) is None or member not in topic.members:
            return
        del topic.members[member]
        for presence_key in [key for key, metas in topic.presences.items() if member in metas]:
            self.untrack(topic, presence_key, member)
        if not topic.members:
            del self._topics[topic.key]

    def has_members(self, key: TopicKey) -> bool:
        """Whether a topic has members."""
        return key in self._topics

    def publish(self, key: TopicKey, message: Outgoing, sender: Member | None = None) -> None:
        """Give the message to all members of the topic, but not to `sender`. Every delivery counts as a message."""
        if (topic := self._topics.get(key)) is None:
            return
        receivers = [m for m in list(topic.members) if m is not sender and m.deliver(message)]
        self.messages.add(len(receivers))
        if receivers and self.messages.is_exceeded:
            for member in receivers:
                member.shut_down(TOO_MANY_MESSAGES)

    def track(self, topic: Topic, presence_key: str, member: Member, payload: Json) -> None:
        """The member is here, and says `payload` about itself (again, in other words, if it was here)."""
        metas = topic.presences.setdefault(presence_key, {})
        before = metas.get(member)
        meta = {**payload, "phx_ref": _new_ref()}
        if before is not None:
            meta["phx_ref_prev"] = before["phx_ref"]
        metas[member] = meta
        self._tell(topic, joins=_entry(presence_key, meta), leaves=_entry(presence_key, before))

    def untrack(self, topic: Topic, presence_key: str, member: Member) -> None:
        """The member is not here any more."""
        metas = topic.presences.get(presence_key, {})
        before = metas.pop(member, None)
        if not metas:
            topic.presences.pop(presence_key, None)
        if before is not None:
            self._tell(topic, joins={}, leaves=_entry(presence_key, before))

    def _tell(self, topic: Topic, joins: Json, leaves: Json) -> None:
        diff = Outgoing(topic.key.wire_name, "presence_diff", {"joins": joins, "leaves": leaves})
        for member in list(topic.members):
            member.deliver_presence(diff)
        self.presence_messages.add(len(topic.members))


def _entry(presence_key: str, meta: Json | None) -> Json:
    return {} if meta is None else {presence_key: {"metas": [meta]}}


def _new_ref() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(9)).decode()
