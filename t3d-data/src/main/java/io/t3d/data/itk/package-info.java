/**
 * DICOM, NRRD and MetaImage through ITK. Input files are parsed by worker processes only: a file
 * that crashes a decoder costs a worker, not the JVM. Resampling and writing, which see nothing but
 * our own memory, run inside the JVM through a JavaCPP preset.
 */
@NullMarked
package io.t3d.data.itk;

import org.jspecify.annotations.NullMarked;
