package io.modelrefresh.emulator;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Where every call comes in: lets the faults have their way with it, and answers for it. */
record Gate(Faults faults, ScheduledExecutorService timer) {

  <T> void answer(
      String method, String resource, StreamObserver<T> observer, Supplier<? extends T> answer) {
    enter(
        method,
        resource,
        observer::onError,
        () -> {
          T value = answer.get();
          observer.onNext(value);
          observer.onCompleted();
        });
  }

  /** Runs the call now or after its delay; what it throws is what it is refused with. */
  void enter(
      String method, String resource, Consumer<StatusRuntimeException> refuse, Runnable call) {
    Runnable admitted =
        () -> {
          try {
            faults.admit(method, resource);
            call.run();
          } catch (StatusRuntimeException e) {
            refuse.accept(e);
          } catch (RuntimeException e) {
            refuse.accept(
                Status.INTERNAL
                    .withDescription("The emulator failed in " + method + ": " + e)
                    .withCause(e)
                    .asRuntimeException());
          }
        };
    long delayMillis = faults.delayOf(method).toMillis();
    if (delayMillis == 0) {
      admitted.run();
    } else {
      timer.schedule(admitted, delayMillis, TimeUnit.MILLISECONDS);
    }
  }
}
