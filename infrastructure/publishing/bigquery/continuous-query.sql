-- A continuous query (BigQuery, "Export data to Pub/Sub"): each row appended to the feature table becomes a
-- feature update. Run it as continuous, under a service account that may publish to the topic.
-- The message is the bare JSON of the event, which needs no attributes.
EXPORT DATA
  OPTIONS (
    format = 'CLOUD_PUBSUB',
    uri = 'https://pubsub.googleapis.com/projects/my-project/topics/feature-updates')
AS (
  SELECT
    TO_JSON_STRING(
      STRUCT(
        'fraud' AS project,
        'driver_hourly_stats' AS feature_view,
        [STRUCT(driver_id AS driver_id)] AS entity_keys,
        FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E6SZ', event_timestamp) AS event_timestamp,
        1 AS row_count)) AS message
  FROM
    APPENDS(TABLE `my-project.features.driver_hourly_stats`, CURRENT_TIMESTAMP() - INTERVAL 10 MINUTE)
);
