/** The pipeline that joins the rooms, the HTTP API, health and metrics. */
package io.modelrefresh.agent;
