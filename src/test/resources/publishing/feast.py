"""A stand-in for Feast: says what it was asked to do, in the order it was asked."""

import json


class Named:
    def __init__(self, name, **fields):
        self.name = name
        self.__dict__.update(fields)


class FeatureStore:
    project = "fraud"

    def __init__(self, repo_path):
        self.repo_path = repo_path

    def list_feature_views(self):
        pushed = Named("driver_push_source")
        return [
            Named("driver_hourly_stats", stream_source=pushed, features=[Named("conv_rate")]),
            Named("card_stats", stream_source=None, features=[Named("declines")]),
        ]

    def materialize_incremental(self, end_date, feature_views=None):
        print(json.dumps({"wrote": feature_views}))

    def push(self, push_source_name, df):
        print(json.dumps({"wrote": [push_source_name]}))

    def apply(self, objects):
        print(json.dumps({"wrote": [view.name for view in objects]}))
