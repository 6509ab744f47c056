package io.t3d.core.torch.distributed;

import io.t3d.core.T3dException;
import org.jspecify.annotations.Nullable;

/** Another worker has ended, fallen silent or failed; the message names it. */
public final class PeerLostException extends T3dException {
  private static final long serialVersionUID = 1L;

  PeerLostException(String message, @Nullable Exception cause) {
    super(Kind.ENVIRONMENT, message, cause);
  }
}
