package io.modelrefresh.update;

/**
 * The message attributes that carry a CloudEvent in binary mode, and the one event type the agent
 * understands. Source: CloudEvents 1.0 and its protocol binding for Google Cloud Pub/Sub.
 */
public final class CloudEventAttributes {

  public static final String ID = "ce-id";
  public static final String TYPE = "ce-type";
  public static final String SOURCE = "ce-source";
  public static final String SUBJECT = "ce-subject";
  public static final String TIME = "ce-time";
  public static final String SPECVERSION = "ce-specversion";
  public static final String CONTENT_TYPE = "content-type";

  /** What some publishers write instead of {@link #CONTENT_TYPE}, for the data of binary mode. */
  public static final String DATACONTENTTYPE = "ce-datacontenttype";

  /** The {@code ce-type} of a feature update. */
  public static final String FEATURE_VIEW_UPDATED = "io.modelrefresh.feature_view.updated.v1";

  private CloudEventAttributes() {}
}
