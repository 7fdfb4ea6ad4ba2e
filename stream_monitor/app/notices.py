"""The outbox of the sidecar: the log, webhooks, and topics."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from stream_monitor.actions import make_sinks, parse_sink
from stream_monitor.actions.cloud_event import source_of
from stream_monitor.actions.delivery import RemoteSink
from stream_monitor.actions.notice import NoticeKind
from stream_monitor.actions.outbox import Outbox
from stream_monitor.actions.sink_queue import RemoteQueue
from stream_monitor.actions.topic_sink import TopicSink
from stream_monitor.actions.webhook import Webhook
from stream_monitor.actions.webhook_signature import parse_secret
from stream_monitor.actions.webhook_url import is_loopback, shown_url
from stream_monitor.config.settings import RunConfig
from stream_monitor.core.clock import Clock
from stream_monitor.sources.kafka.options import reveal
from stream_monitor.sources.kafka.topic_writer import TopicWriter

logger = logging.getLogger(__name__)

#: The kinds of notices that go to each topic.
_REQUESTS: tuple[NoticeKind, ...] = ("retrain_request",)
_DRIFTS: tuple[NoticeKind, ...] = ("drift", "skew", "recovery")


def make_outbox(config: RunConfig, clock: Clock) -> Outbox:
    """Return the outbox of these settings; warn of webhooks without TLS."""
    for url in config.webhook:
        if url.startswith("http:") and not is_loopback(url):
            logger.warning("--webhook: %s is without TLS: others can read and change what is sent", shown_url(url))
    remote = {name: RemoteQueue(name, sink, clock, kinds) for name, sink, kinds in _remote_sinks(config, clock)}
    return Outbox(make_sinks(map(parse_sink, config.alert), clock), remote)


def _remote_sinks(config: RunConfig, clock: Clock) -> Iterator[tuple[str, RemoteSink, tuple[NoticeKind, ...]]]:
    """Yield the sinks that may take their time, each with its name and the kinds of notices that it accepts."""
    source = source_of(config.group_id)
    texts = config.webhook_secret.get_secret_value().split() if config.webhook_secret else []
    secrets = list(map(parse_secret, texts))
    for number, url in enumerate(config.webhook, 1):
        yield "webhook" if number == 1 else f"webhook-{number}", Webhook(url, secrets, source, clock), ()
    topics = {"retrain-topic": (config.retrain_topic, _REQUESTS), "notice-topic": (config.notice_topic, _DRIFTS)}
    for name, (topic, kinds) in topics.items():
        if topic is not None:
            writer = TopicWriter(config.bootstrap_servers, topic, reveal(config.kafka_option))
            yield name, TopicSink(topic, writer, source), kinds
