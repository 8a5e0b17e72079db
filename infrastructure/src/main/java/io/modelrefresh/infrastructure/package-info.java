/**
 * What the agent needs of Google Cloud, as a Pulumi program: topics, subscriptions, a service
 * account and exactly the permissions that it and the publishers use. The same as
 * kubernetes/config-connector.
 */
package io.modelrefresh.infrastructure;
