/** Manifests: CSV rows of volume, report, split, patient, mask and labels. */
@NullMarked
package io.t3d.data.manifest;

import org.jspecify.annotations.NullMarked;
