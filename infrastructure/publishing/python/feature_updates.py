"""Publishes feature updates: what changed in a feature store, for the model refresh agent.

    pip install google-cloud-pubsub
    python feature_updates.py my-project feature-updates driver_hourly_stats
"""

import json
import sys
import uuid
from datetime import datetime, timezone

from google.cloud import pubsub_v1

EVENT_TYPE = "io.modelrefresh.feature_view.updated.v1"


class FeatureUpdates:
    """A topic of feature updates. Publish only what can already be read."""

    def __init__(self, project, topic, source):
        self._publisher = pubsub_v1.PublisherClient()
        self._topic = self._publisher.topic_path(project, topic)
        self._source = source

    def publish(self, store_project, feature_view, **fields):
        """Publishes one update and waits until Pub/Sub has it.

        fields: any of features, entity_keys, event_timestamp (RFC 3339), change ("values",
        "schema", "delete"), row_count, drift.
        """
        data = {"project": store_project, "feature_view": feature_view, **fields}
        attributes = {
            "ce-id": str(uuid.uuid4()),
            "ce-type": EVENT_TYPE,
            "ce-source": self._source,
            "ce-subject": feature_view,
            "ce-time": datetime.now(timezone.utc).isoformat(),
            "ce-specversion": "1.0",
            "content-type": "application/json",
        }
        future = self._publisher.publish(self._topic, json.dumps(data).encode(), **attributes)
        return future.result(timeout=30)


if __name__ == "__main__":
    project, topic, feature_view = sys.argv[1:]
    updates = FeatureUpdates(project, topic, "//example.com/python")
    message_id = updates.publish(
        "fraud",
        feature_view,
        features=["conv_rate"],
        entity_keys=[{"driver_id": 1001}],
        event_timestamp="2026-11-22T10:00:00Z",
    )
    print("published", message_id, file=sys.stderr)
