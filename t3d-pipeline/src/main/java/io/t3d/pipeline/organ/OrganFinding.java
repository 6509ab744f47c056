package io.t3d.pipeline.organ;

import java.util.OptionalDouble;

/**
 * What a model says of a finding in an organ.
 *
 * @param organ of which it is asked
 * @param finding its name
 * @param probability in [0, 1], not calibrated; empty where the label map holds none of the organ
 */
public record OrganFinding(String organ, String finding, OptionalDouble probability) {}
