/**
 * The bridge to libtorch: operations that DJL does not offer, on DJL's arrays and inside DJL's
 * autograd graph. Where the JavaCPP presets have no natives for the platform, a slower path in
 * plain DJL serves.
 */
@NullMarked
package io.t3d.core.torch;

import org.jspecify.annotations.NullMarked;
