/** Manifests: CSV rows of volume, report, split, patient, mask and labels. */
package io.t3d.data.manifest;
