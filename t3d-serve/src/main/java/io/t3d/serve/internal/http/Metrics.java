package io.t3d.serve.internal.http;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.function.IntSupplier;

/** What the service counts, for Prometheus. */
public final class Metrics implements AutoCloseable {
  static final String MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final DistributionSummary batches;

  /** Counts from now on. */
  public Metrics() {
    batches =
        DistributionSummary.builder("t3d.batch.size")
            .description("Requests that the model worked on together")
            .serviceLevelObjectives(1, 2, 4, 8, 16, 32)
            .register(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
  }

  /** Requests of a batch. */
  public void batch(int size) {
    batches.record(size);
  }

  /** A number that is asked for when it is looked at. */
  public void gauge(String name, String description, IntSupplier value) {
    Gauge.builder(name, value, IntSupplier::getAsInt)
        .description(description)
        .strongReference(true)
        .register(registry);
  }

  /** A request that was answered. */
  void request(String route, int status, Duration took) {
    Timer.builder("t3d.requests")
        .description("Requests and how long they took")
        .tag("route", route)
        .tag("status", Integer.toString(status))
        .serviceLevelObjectives(
            Duration.ofMillis(10),
            Duration.ofMillis(100),
            Duration.ofSeconds(1),
            Duration.ofSeconds(10),
            Duration.ofMinutes(1))
        .register(registry)
        .record(took);
  }

  /** All of it, in Prometheus' text format. */
  String scrape() {
    return registry.scrape(MEDIA_TYPE);
  }

  @Override
  public void close() {
    registry.close();
  }
}
