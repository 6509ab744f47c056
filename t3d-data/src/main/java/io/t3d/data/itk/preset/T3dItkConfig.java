package io.t3d.data.itk.preset;

import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/** Tells JavaCPP how to make the class {@code T3dItk} from {@code t3d_itk.h}. */
@Properties(
    value = @Platform(value = "linux-x86_64", include = "t3d_itk.h", link = "t3ditk"),
    target = "io.t3d.data.itk.preset",
    global = "io.t3d.data.itk.preset.T3dItk")
public class T3dItkConfig implements InfoMapper {
  @Override
  public void map(InfoMap infoMap) {
    // Plain C: nothing to rename.
  }
}
