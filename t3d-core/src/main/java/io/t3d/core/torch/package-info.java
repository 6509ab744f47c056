/**
 * The bridge: operations of libtorch that DJL does not offer, on DJL's own arrays and inside DJL's
 * gradients. Where the JavaCPP presets have no natives for the platform, a slower path in plain DJL
 * serves.
 */
@NullMarked
package io.t3d.core.torch;

import org.jspecify.annotations.NullMarked;
