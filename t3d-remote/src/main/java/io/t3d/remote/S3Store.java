package io.t3d.remote;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.net.UnknownHostException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** A bucket. The client tries again, with longer and longer pauses, what may be a passing fault. */
final class S3Store implements RemoteStore {
  private static final int NOT_MODIFIED = 304;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int CHANGED = 412;
  private static final int NO_SUCH_RANGE = 416;

  private final S3Client client;
  private final String bucket;
  private final String place;

  /**
   * A bucket.
   *
   * @param place the address of the store, for messages
   */
  S3Store(S3Client client, String bucket, String place) {
    this.client = client;
    this.bucket = bucket;
    this.place = place;
  }

  private String uri(String key) {
    return "s3://" + bucket + "/" + key;
  }

  @Override
  public Optional<RemoteObject> find(String key) throws IOException {
    try {
      return call(
          key,
          () -> {
            HeadObjectResponse head = client.headObject(r -> r.bucket(bucket).key(key));
            return Optional.of(
                new RemoteObject(
                    key, head.contentLength(), time(head.lastModified()), head.eTag()));
          });
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private static Instant time(Instant modified) {
    return modified == null ? Instant.EPOCH : modified;
  }

  @Override
  public boolean isFolder(String key) throws IOException {
    return call(
        key,
        () ->
            client
                    .listObjectsV2(r -> r.bucket(bucket).prefix(key + "/").maxKeys(1))
                    .contents()
                    .size()
                > 0);
  }

  @Override
  public Listing list(String folder) throws IOException {
    String prefix = folder.isEmpty() ? "" : folder + "/";
    List<RemoteObject> objects = new ArrayList<>();
    List<String> folders = new ArrayList<>();
    ListObjectsV2Request request =
        ListObjectsV2Request.builder().bucket(bucket).prefix(prefix).delimiter("/").build();
    return call(
        folder,
        () -> {
          for (ListObjectsV2Response page : client.listObjectsV2Paginator(request)) {
            page.contents().stream()
                .filter(o -> !o.key().endsWith("/")) // what some tools make for a folder
                .forEach(
                    o ->
                        objects.add(
                            new RemoteObject(o.key(), o.size(), time(o.lastModified()), o.eTag())));
            page.commonPrefixes()
                .forEach(p -> folders.add(p.prefix().substring(0, p.prefix().length() - 1)));
          }
          return new Listing(objects, folders);
        });
  }

  @Override
  public Optional<Beginning> begin(String key, int bytes, Optional<String> known)
      throws IOException {
    try {
      return call(
          key,
          () -> {
            ResponseBytes<GetObjectResponse> got =
                client.getObject(
                    r ->
                        r.bucket(bucket)
                            .key(key)
                            .range("bytes=0-" + (bytes - 1))
                            .ifNoneMatch(known.orElse(null)),
                    ResponseTransformer.toBytes());
            GetObjectResponse response = got.response();
            String range = response.contentRange(); // bytes 0-9/100
            long size =
                range == null
                    ? response.contentLength()
                    : Long.parseLong(range.substring(range.lastIndexOf('/') + 1));
            RemoteObject object =
                new RemoteObject(key, size, time(response.lastModified()), response.eTag());
            return Optional.of(new Beginning(object, got.asByteArrayUnsafe()));
          });
    } catch (Status e) {
      if (e.code == NOT_MODIFIED) {
        return Optional.empty();
      }
      if (e.code == NO_SUCH_RANGE) { // of nothing
        RemoteObject empty = find(key).orElseThrow(() -> new NoSuchFileException(uri(key)));
        return Optional.of(new Beginning(empty, new byte[0]));
      }
      throw refused(key, e);
    }
  }

  @Override
  public void fetch(RemoteObject object, Path to) throws IOException {
    try {
      call(
          object.key(),
          () ->
              client.getObject(
                  r -> r.bucket(bucket).key(object.key()).ifMatch(object.version()),
                  ResponseTransformer.toFile(to)));
    } catch (NoSuchFileException e) {
      throw new ObjectChangedException(uri(object.key()));
    } catch (Status e) {
      if (e.code == CHANGED) {
        throw new ObjectChangedException(uri(object.key()));
      }
      throw refused(object.key(), e);
    }
  }

  /** An answer of the store that is neither yes nor no. */
  private static final class Status extends IOException {
    private static final long serialVersionUID = 1L;
    private final int code;

    Status(S3Exception cause) {
      super(cause);
      this.code = cause.statusCode();
    }
  }

  private <T> T call(String key, Supplier<T> call) throws IOException {
    try {
      return call.get();
    } catch (S3Exception e) {
      if (e.statusCode() == NOT_FOUND) {
        throw new NoSuchFileException(
            uri(key), null, "NoSuchBucket".equals(code(e)) ? "no such bucket" : null);
      }
      if (e.statusCode() == NOT_MODIFIED
          || e.statusCode() == CHANGED
          || e.statusCode() == NO_SUCH_RANGE) {
        throw new Status(e);
      }
      throw refused(key, e);
    } catch (SdkException e) {
      throw unreachable(e);
    }
  }

  private static String code(S3Exception e) {
    return e.awsErrorDetails() == null || e.awsErrorDetails().errorCode() == null
        ? "status " + e.statusCode()
        : e.awsErrorDetails().errorCode();
  }

  /** Without the store's own words, which may name a key. */
  private T3dException refused(String key, Exception e) {
    S3Exception s3 = e instanceof S3Exception own ? own : (S3Exception) e.getCause();
    boolean denied = s3.statusCode() == FORBIDDEN || s3.statusCode() == 401;
    return new T3dException(
        T3dException.Kind.ENVIRONMENT,
        denied
            ? uri(key)
                + " may not be read with these credentials ("
                + code(s3)
                + "); look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or AWS_PROFILE, at the"
                + " bucket's policy, and at the name"
            : "The store " + place + " cannot give " + uri(key) + " (" + code(s3) + ")",
        e);
  }

  private T3dException unreachable(SdkException e) {
    String text = String.valueOf(e.getMessage());
    if (text.contains("Unable to load credentials")) {
      return new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "There are no credentials for s3://"
              + bucket
              + "; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
              + " (docs/remote.md)",
          e);
    }
    Throwable cause = e;
    while (cause.getCause() != null && !(cause instanceof UnknownHostException)) {
      cause = cause.getCause();
    }
    String why = cause instanceof UnknownHostException ? "no such host" : cause.getMessage();
    return new T3dException(
        T3dException.Kind.ENVIRONMENT,
        "The store "
            + place
            + " of s3://"
            + bucket
            + " does not answer ("
            + why
            + "); is AWS_ENDPOINT_URL_S3 right, and the network there?",
        e);
  }
}
