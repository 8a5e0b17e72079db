"""A stand-in for google-cloud-pubsub: prints each message it is given. Strict as the real one is:
data is bytes, and attributes are strings."""

import json


class Future:
    def result(self, timeout=None):
        return "1"


class PublisherClient:
    def topic_path(self, project, topic):
        return f"projects/{project}/topics/{topic}"

    def publish(self, topic, data, **attributes):
        assert isinstance(data, bytes)
        assert all(isinstance(value, str) for value in attributes.values())
        print(
            json.dumps(
                {
                    "topic": topic,
                    "data": data.decode(),
                    "attributes": attributes,
                }
            )
        )
        return Future()
