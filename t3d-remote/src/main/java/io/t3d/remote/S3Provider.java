package io.t3d.remote;

import io.t3d.core.T3dException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/**
 * {@code s3://bucket/key}, by the client of the AWS SDK. Credentials, region and address of the
 * store come from where that client looks for them: variables of the environment, {@code ~/.aws},
 * the machine's role.
 */
public final class S3Provider extends RemoteProvider {
  private static final int TRIES = 5;
  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration READ = Duration.ofSeconds(60);

  private @Nullable S3Client client; // guarded by this

  /** For the service loader. */
  public S3Provider() {}

  @Override
  public String getScheme() {
    return "s3";
  }

  @Override
  RemoteStore open(String bucket) {
    if (bucket.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE, "A path on S3 must be s3://BUCKET/KEY, got one without bucket");
    }
    return new S3Store(client(), bucket, endpoint().orElse("AWS S3"));
  }

  private synchronized S3Client client() {
    if (client == null) {
      client = make();
    }
    return client;
  }

  private static S3Client make() {
    Optional<String> endpoint = endpoint();
    S3ClientBuilder builder =
        S3Client.builder()
            .httpClientBuilder(
                UrlConnectionHttpClient.builder().connectionTimeout(CONNECT).socketTimeout(READ))
            .region(region(endpoint.isPresent()))
            .overrideConfiguration(
                c ->
                    c.retryStrategy(
                        AwsRetryStrategy.standardRetryStrategy().toBuilder()
                            .maxAttempts(TRIES)
                            .build()))
            // Other stores do not know the sums that AWS has since 2025.
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
    endpoint.ifPresent(
        address -> builder.endpointOverride(URI.create(address)).forcePathStyle(true));
    return builder.build();
  }

  private static Region region(boolean otherStore) {
    try {
      return DefaultAwsRegionProviderChain.builder().build().getRegion();
    } catch (SdkException e) {
      if (otherStore) {
        return Region.US_EAST_1; // which it does not look at
      }
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "Reading from S3 needs a region: set AWS_REGION, or for another store than AWS its address"
              + " in AWS_ENDPOINT_URL_S3 (docs/remote.md)",
          e);
    }
  }

  /**
   * The address of a store that is not AWS; buckets are part of the path there, not of its name.
   */
  private static Optional<String> endpoint() {
    for (String property : List.of("aws.endpointUrlS3", "aws.endpointUrl")) {
      String value = System.getProperty(property);
      if (value != null && !value.isEmpty()) {
        return Optional.of(value);
      }
    }
    for (String variable : List.of("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")) {
      String value = System.getenv(variable);
      if (value != null && !value.isEmpty()) {
        return Optional.of(value);
      }
    }
    return Optional.empty();
  }
}
