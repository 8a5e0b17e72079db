/** What a nack does: the strategies that come with the connector, each a CDI bean by its name. */
package io.modelrefresh.pubsub.fault;
