package io.t3d.losses.internal;

import io.t3d.core.T3dException;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.volume.View;
import java.util.List;

/** The large crops among a batch's views. */
public final class GlobalViews {
  private GlobalViews() {}

  /**
   * Picks them.
   *
   * @throws T3dException when there are fewer than the method needs
   */
  public static List<ViewFeatures> of(T3DOutput output, int needed, String method) {
    List<ViewFeatures> global =
        output.views().stream().filter(v -> v.kind() == View.Kind.GLOBAL).toList();
    if (global.size() < needed) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          method
              + " needs at least "
              + needed
              + " global view(s) of each volume, got "
              + global.size()
              + "; raise data.views.globalViews");
    }
    return global;
  }
}
