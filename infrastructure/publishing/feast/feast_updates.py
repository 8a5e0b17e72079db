"""Feast, then the agent: materializes or pushes features, and says so once they can be read.

    pip install feast google-cloud-pubsub
    PYTHONPATH=../python python feast_updates.py my-project feature-updates
"""

import sys
from datetime import datetime, timezone

from feast import FeatureStore

from feature_updates import FeatureUpdates


def materialize(store, updates, feature_views):
    """Loads what is new into the online store, then publishes an update for each view."""
    now = datetime.now(timezone.utc)
    store.materialize_incremental(end_date=now, feature_views=feature_views)
    for name in feature_views:
        updates.publish(store.project, name, event_timestamp=now.isoformat())


def push(store, updates, push_source, frame):
    """Pushes rows to the online store, then publishes an update for each view they went to."""
    store.push(push_source, frame)
    for view in store.list_feature_views():
        source = getattr(view, "stream_source", None)
        if source is not None and source.name == push_source:
            updates.publish(
                store.project,
                view.name,
                features=[field.name for field in view.features],
                row_count=len(frame),
            )


def apply(store, updates, changed):
    """Registers changed definitions, then publishes that their schema changed."""
    store.apply(changed)
    for view in changed:
        updates.publish(store.project, view.name, change="schema")


if __name__ == "__main__":
    project, topic = sys.argv[1:]
    feast_store = FeatureStore(repo_path=".")
    materialize(
        feast_store,
        FeatureUpdates(project, topic, "//example.com/feast"),
        [view.name for view in feast_store.list_feature_views()],
    )
