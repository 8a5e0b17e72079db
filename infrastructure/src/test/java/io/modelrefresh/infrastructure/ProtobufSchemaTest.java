package io.modelrefresh.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonParser;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The topic's schema, compiled by protoc, takes feature updates and nothing else. */
class ProtobufSchemaTest {

  @TempDir Path directory;

  @BeforeEach
  void needsTheCompiler() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "protoc of the build is for Linux on x86_64: the topic's schema is NOT compiled here");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"feature_view\": \"stats\"}",
        "{\"feature_view\": \"stats\", \"project\": null, \"change\": \"delete\"}",
        """
        {"project": "fraud", "feature_view": "driver_hourly_stats", "feature_view_version": 7,
         "features": ["conv_rate"], "event_timestamp": "2026-11-22T10:00:00Z", "change": "values",
         "row_count": 12000, "drift": {"metric": "psi", "value": 0.23}}
        """
      })
  void aFeatureUpdateIsTaken(String json) throws Exception {
    DynamicMessage message = parse(json);

    var sent = JsonParser.parseString(json).getAsJsonObject();
    sent.entrySet().removeIf(field -> field.getValue().isJsonNull());
    assertThat(message.getAllFields()).hasSameSizeAs(sent.keySet());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no JSON",
        "{\"feature_view\": {\"name\": \"stats\"}}",
        "{\"feature_view\": \"stats\", \"change\": \"VALUES\"}",
        "{\"feature_view\": \"stats\", \"row_count\": \"many\"}",
        "{\"feature_view\": \"stats\", \"entity_keys\": [{\"driver_id\": 1}]}",
      })
  void whatIsNoneIsRefusedAndSoAreEntityKeys(String json) {
    assertThatThrownBy(() -> parse(json)).isInstanceOf(InvalidProtocolBufferException.class);
  }

  @Test
  void aPropertyOfATypeThatProtobufDoesNotHaveIsNamed() {
    var schema =
        JsonParser.parseString("{\"properties\": {\"odd\": {\"type\": \"null-ish\"}}}")
            .getAsJsonObject();

    assertThatThrownBy(() -> ProtobufSchema.of(schema)).hasMessageContaining("odd");
  }

  private DynamicMessage parse(String json) throws Exception {
    var message = DynamicMessage.newBuilder(compiled().findMessageTypeByName("FeatureUpdate"));
    JsonFormat.parser().merge(json, message);
    return message.build();
  }

  private FileDescriptor compiled() throws Exception {
    Path source =
        Files.writeString(directory.resolve("a.proto"), ProtobufSchema.ofFeatureUpdates());
    Path compiler = Path.of(System.getProperty("protoc"));
    assertThat(compiler.toFile().setExecutable(true)).isTrue();
    Path descriptors = directory.resolve("a.descriptors");
    Process protoc =
        new ProcessBuilder(
                compiler.toString(),
                "--proto_path=" + directory,
                "--descriptor_set_out=" + descriptors,
                source.toString())
            .inheritIO()
            .start();
    assertThat(protoc.waitFor()).isZero();
    try (InputStream in = Files.newInputStream(descriptors)) {
      return FileDescriptor.buildFrom(
          FileDescriptorSet.parseFrom(in).getFile(0), new FileDescriptor[0]);
    }
  }
}
