/**
 * A Pub/Sub server in this JVM, on the generated gRPC stubs, for development and tests, with fault
 * injection. Plain classes: nothing here starts by itself, and production never starts it.
 */
package io.modelrefresh.emulator;
