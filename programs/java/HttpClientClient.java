import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscribers;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/**
 * Java's HttpClient: sendAsync for each request, after a permit of a semaphore; without a limit there
 * is a permit for each. Its timeout ends with the response's head.
 */
public final class HttpClientClient {
    private static double number(String name, double otherwise) {
        String value = System.getenv(name);
        return value == null ? otherwise : Double.parseDouble(value);
    }

    private static HttpRequest get(String url, double timeoutSeconds) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
        if (timeoutSeconds > 0) {
            request.timeout(Duration.ofNanos((long) (timeoutSeconds * 1e9)));
        }
        return request.build();
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("--version")) {
            System.out.println(System.getProperty("java.vm.name") + " " + Runtime.version());
            return;
        }
        String url = System.getenv("INFLIGHT_URL");
        int requests = (int) number("INFLIGHT_REQUESTS", 0);
        int limit = (int) number("INFLIGHT_LIMIT", requests);
        double timeout = number("INFLIGHT_TIMEOUT", 0);
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        Semaphore permits = new Semaphore(limit);
        try (InflightReport report = new InflightReport()) {
            for (int index = 0; index < requests; index++) {
                permits.acquire();
                HttpRequest get = get(url + "/" + index, timeout);
                InflightReport.Request request = report.request(index);
                BodyHandler<byte[]> body = head -> {
                    request.head(head.statusCode());
                    return BodySubscribers.ofByteArray();
                };
                client.sendAsync(get, body).whenComplete((response, error) -> {
                    request.end(response == null ? 0 : response.body().length, error);
                    permits.release();
                });
            }
            permits.acquire(limit);
        }
    }
}
