package io.t3d.pipeline;

/**
 * The speed of embedding volumes.
 *
 * @param volumes embedded
 * @param seconds from the first batch at hand to the last one done: start-up does not count
 * @param volumesPerSecond over these seconds
 * @param encoderBusy share of these seconds in which the encoder worked; in the rest it waited for
 *     volumes
 */
public record Throughput(
    int volumes, double seconds, double volumesPerSecond, double encoderBusy) {}
