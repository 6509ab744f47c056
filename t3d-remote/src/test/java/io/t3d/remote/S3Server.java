package io.t3d.remote;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** A real S3 server in this JVM, and the settings that lead the library to it. */
final class S3Server {
  static final String KEY = "test-key-id";
  static final String SECRET = "test-secret-that-must-not-be-shown";
  private static final S3Server SHARED = start();

  private static final int TRIES = 5;

  private final S3Client client;
  private final URI address;

  private S3Server(S3Client client, URI address) {
    this.client = client;
    this.address = address;
  }

  static S3Server shared() {
    return SHARED;
  }

  private static S3Server start() {
    try {
      Path cache = Files.createTempDirectory("t3d-cache-");
      S3Proxy proxy =
          S3Proxy.builder()
              .blobStore(new TransientNio2BlobStore())
              .endpoint(URI.create("http://127.0.0.1:0"))
              .awsAuthentication(AuthenticationType.AWS_V4, KEY, SECRET)
              .build();
      proxy.start();
      URI address = URI.create("http://127.0.0.1:" + proxy.getPort());
      System.setProperty("aws.accessKeyId", KEY);
      System.setProperty("aws.secretAccessKey", SECRET);
      System.setProperty("aws.region", "us-east-1");
      System.setProperty("aws.endpointUrlS3", address.toString());
      System.setProperty("t3d.cache.dir", cache.toString());
      System.setProperty("t3d.cache.gb", "1");
      S3Client client =
          S3Client.builder()
              .httpClient(UrlConnectionHttpClient.create())
              .region(Region.US_EAST_1)
              .endpointOverride(address)
              .forcePathStyle(true)
              .credentialsProvider(
                  StaticCredentialsProvider.create(AwsBasicCredentials.create(KEY, SECRET)))
              .build();
      return new S3Server(client, address);
    } catch (Exception e) {
      throw new IllegalStateException("The S3 server does not start", e);
    }
  }

  URI address() {
    return address;
  }

  void bucket(String name) {
    client.createBucket(b -> b.bucket(name));
  }

  void put(String bucket, String key, byte[] bytes) {
    for (int n = 1; ; n++) {
      try {
        client.putObject(r -> r.bucket(bucket).key(key), RequestBody.fromBytes(bytes));
        return;
      } catch (SdkClientException e) {
        // The server closes kept connections, and the JDK's client sends no body a second time.
        if (n == TRIES) {
          throw e;
        }
      }
    }
  }

  void delete(String bucket, String key) {
    client.deleteObject(r -> r.bucket(bucket).key(key));
  }

  /** Copies a folder with all below it into a bucket. */
  void putAll(String bucket, String prefix, Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        put(bucket, prefix + folder.relativize(file), Files.readAllBytes(file));
      }
    }
  }
}
