/** Pictures of volumes for reports; needs no display. */
package io.t3d.data.picture;
