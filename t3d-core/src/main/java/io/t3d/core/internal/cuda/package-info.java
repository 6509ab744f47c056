/**
 * GPUs: the CUDA natives that a build with {@code -Dcuda} puts on the class path are unpacked once,
 * NVIDIA's libraries that may not travel with them are found on the machine, and both are made
 * ready before DJL's engine starts. Nothing is downloaded and no environment variable is needed.
 * {@link io.t3d.core.torch.TorchEngine} calls it; users need {@link
 * io.t3d.core.internal.cuda.CudaNatives} only to ask why there is no GPU.
 */
@NullMarked
package io.t3d.core.internal.cuda;

import org.jspecify.annotations.NullMarked;
