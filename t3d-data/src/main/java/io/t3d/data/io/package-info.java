/** Readers of volume files behind one interface, and the NIfTI writer. */
package io.t3d.data.io;
