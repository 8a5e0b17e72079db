package io.modelrefresh.pubsub.provisioning;

/**
 * A topic or subscription that is missing, or may not be used.
 *
 * @param resource its short name
 * @param blocking whether updates cannot take effect, or poison not be put aside, without it
 * @param text what is wrong, what it is needed for, and the command that mends it
 */
public record Shortcoming(String resource, boolean blocking, String text) {}
