package io.modelrefresh.pubsub.provisioning;

/** Whether a topic or subscription is there. */
enum Existence {
  THERE,
  MISSING,
  /** It may not be looked at, which need not hinder its use. */
  UNKNOWN
}
