package io.modelrefresh.serving;

import static io.netty.handler.codec.dns.DnsRecordType.A;
import static io.netty.handler.codec.dns.DnsRecordType.AAAA;
import static io.netty.handler.codec.dns.DnsResponseCode.NXDOMAIN;
import static io.netty.handler.codec.dns.DnsResponseCode.REFUSED;
import static io.netty.handler.codec.dns.DnsResponseCode.SERVFAIL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelrefresh.catalog.Endpoint;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DnsDiscoveryTest {

  private static final String HOST = "fraud.ml.svc.cluster.local";

  private final FakeDnsServer dns = new FakeDnsServer();
  private final HostAddresses addresses = resolver(List.of());

  private HostAddresses resolver(List<String> searchDomains) {
    return new HostAddresses(
        builder ->
            builder
                .nameServerProvider(new SingletonDnsServerAddressStreamProvider(dns.address()))
                .searchDomains(searchDomains)
                .queryTimeoutMillis(2_000));
  }

  @AfterEach
  void close() {
    addresses.close();
    dns.close();
  }

  private Set<Replica> replicasOf(String host) {
    return replicasOf(host, addresses);
  }

  private static Set<Replica> replicasOf(String host, HostAddresses addresses) {
    return new DnsDiscovery(addresses, new Endpoint("http", host, 8000))
        .replicas()
        .await()
        .atMost(Duration.ofSeconds(20));
  }

  @Test
  void everyAddressOfEitherFamilyIsAReplica() {
    dns.answer(HOST, A, "10.0.0.1", "10.0.0.2").answer(HOST, AAAA, "fd00::1");

    assertThat(replicasOf(HOST))
        .extracting(Replica::toString)
        .containsExactlyInAnyOrder(
            "http://10.0.0.1:8000", "http://10.0.0.2:8000", "http://[fd00::1]:8000");
  }

  @Test
  void aNameIsLookedUpAnewEachTimeWhateverItsTimeToLive() {
    dns.answer(HOST, A, "10.0.0.1").answer(HOST, AAAA);
    assertThat(replicasOf(HOST)).containsExactly(new Replica("http", "10.0.0.1", 8000));

    dns.answer(HOST, A, "10.0.0.2");

    assertThat(replicasOf(HOST)).containsExactly(new Replica("http", "10.0.0.2", 8000));
  }

  @Test
  void moreReplicasThanADatagramHoldsAreAllFound() {
    String[] many = IntStream.range(0, 200).mapToObj(i -> "10.0.1." + i).toArray(String[]::new);
    dns.answer(HOST, A, many).answer(HOST, AAAA);

    assertThat(replicasOf(HOST)).hasSize(200);
  }

  @Test
  void aNameThatExistsWithoutAddressesIsKnownToBeEmpty() {
    dns.answer(HOST, A).answer(HOST, AAAA);

    assertThat(replicasOf(HOST)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5})
  void addressesOfOneFamilyStandWhateverErrorTheOtherAnswers(int code) {
    dns.answer(HOST, A, "10.0.0.1").fail(HOST, AAAA, DnsResponseCode.valueOf(code));

    assertThat(replicasOf(HOST)).containsExactly(new Replica("http", "10.0.0.1", 8000));
  }

  @Test
  void addressesOfOneFamilyStandWhenTheOtherIsNeverAnswered() {
    dns.ignore(HOST, A).answer(HOST, AAAA, "fd00::1");

    assertThat(replicasOf(HOST)).containsExactly(new Replica("http", "fd00::1", 8000));
  }

  @ParameterizedTest
  @CsvSource({"NXDOMAIN", "SERVFAIL", "REFUSED"})
  void withoutAddressesAnErrorMakesTheSetUnknownAndIsNamed(String answer) {
    DnsResponseCode code =
        switch (answer) {
          case "NXDOMAIN" -> NXDOMAIN;
          case "SERVFAIL" -> SERVFAIL;
          default -> REFUSED;
        };
    dns.fail(HOST, A, code).answer(HOST, AAAA);

    assertThatThrownBy(() -> replicasOf(HOST))
        .hasMessageContaining("dns://" + HOST)
        .hasMessageContaining(answer);
  }

  @Test
  void withoutAnyAnswerTheSetIsUnknown() {
    dns.ignore(HOST, A).ignore(HOST, AAAA);

    assertThatThrownBy(() -> replicasOf(HOST))
        .hasMessageContaining("dns://" + HOST)
        .hasMessageContaining("timed out");
  }

  @Test
  void searchDomainsAreTried() {
    dns.answer("fraud.ml.svc.cluster.local", A, "10.0.0.1").answer(HOST, AAAA);
    HostAddresses searching = resolver(List.of("ml.svc.cluster.local", "svc.cluster.local"));

    assertThat(replicasOf("fraud", searching))
        .containsExactly(new Replica("http", "10.0.0.1", 8000));
    searching.close();
  }

  @Test
  void aNameInTheHostsFileNeedsNoServer() {
    dns.ignore("localhost", A).ignore("localhost", AAAA);

    assertThat(replicasOf("localhost")).containsExactly(new Replica("http", "127.0.0.1", 8000));
  }

  @Test
  void anAddressIsItself() {
    assertThat(replicasOf("10.1.2.3")).containsExactly(new Replica("http", "10.1.2.3", 8000));
    assertThat(replicasOf("fd00::9")).containsExactly(new Replica("http", "fd00::9", 8000));
  }

  @Test
  void theSystemsOwnSettingsResolveLocalhost() {
    HostAddresses system = new HostAddresses();

    assertThat(replicasOf("localhost", system))
        .containsExactly(new Replica("http", "127.0.0.1", 8000));
    system.close();
  }
}
