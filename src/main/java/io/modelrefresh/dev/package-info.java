/**
 * What dev mode and tests add so that one command shows the agent at work: an embedded Pub/Sub
 * emulator and a demo model server. No bean of this package exists in production.
 */
package io.modelrefresh.dev;
