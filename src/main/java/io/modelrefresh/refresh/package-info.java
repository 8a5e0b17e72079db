/**
 * A lane per model: coalesce updates, roll out to every replica, retry until it has happened, and
 * hold the messages that guarantee what is owed meanwhile.
 */
package io.modelrefresh.refresh;
