package io.modelrefresh.agent;

import java.time.Instant;

/**
 * CDI event: a message that is no feature update is on the dead-letter topic.
 *
 * @param cause what is wrong with it
 */
public record DeadLettered(String messageId, Instant publishTime, String cause) {}
