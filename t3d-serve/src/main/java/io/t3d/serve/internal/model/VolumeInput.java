package io.t3d.serve.internal.model;

import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.input.RequestFolder;
import io.t3d.serve.internal.input.RequestVolume;

/**
 * The volume of a request and the time it has.
 *
 * @param volume where it is
 * @param folder the request's temporary folder
 * @param owner keeps the folder for the request; who reads the volume last may close it, so that
 *     the folder is deleted while the model works
 * @param deadline of the request
 */
public record VolumeInput(
    RequestVolume volume, RequestFolder folder, RequestFolder.User owner, Deadline deadline) {}
