/** Readers and writers of volume files, each behind one interface. */
package io.t3d.data.io;
