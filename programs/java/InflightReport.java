import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Report of a Java program to inflight, by the contract of docs/programs.md. The window begins with
 * the report and ends with close, which writes the rows.
 */
public final class InflightReport implements AutoCloseable {
    private final Collection<Request> rows = new ConcurrentLinkedQueue<>();
    private final BufferedWriter file;
    private final long begin;

    /** The file is opened now: at the end there may be no file left to open. */
    public InflightReport() throws IOException {
        Path path = Path.of(System.getenv("INFLIGHT_REPORT"));
        file = Files.newBufferedWriter(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        begin = System.nanoTime();
    }

    /** A request that starts now. */
    public Request request(int index) {
        return new Request(index);
    }

    /** A row of the report. */
    public final class Request {
        private final int index;
        private final long start = System.nanoTime();
        private String head = "";
        private long end;
        private String result = "other: no answer";
        private long bytes;

        private Request(int index) {
            this.index = index;
        }

        /** Its head is there. */
        public void head(int status) {
            head = Long.toString(System.nanoTime());
            result = Integer.toString(status);
        }

        /** Its last byte is there, or an error. */
        public void end(long bytes, Throwable error) {
            end = System.nanoTime();
            this.bytes = bytes;
            if (error != null) {
                String kind = classOf(error);
                kind = kind.equals("closed") && !head.isEmpty() ? "truncated" : kind;
                String text = error.toString().replaceAll("\\s+", " ").replace('"', '\'');
                text = text.substring(0, Math.min(text.length(), 200));
                result = '"' + kind + ": " + text + '"';
            }
            rows.add(this);
        }

        private String line() {
            return index + "," + start + "," + head + "," + end + "," + result + "," + bytes;
        }
    }

    @Override
    public void close() throws IOException {
        long end = System.nanoTime();
        List<String> lines = new ArrayList<>();
        lines.add("begin," + begin);
        rows.forEach(row -> lines.add(row.line()));
        lines.add("end," + end);
        try (file) {
            file.write(String.join("\n", lines) + "\n");
        }
    }

    /** Class of an error by the names and texts of all errors inside it: many have no other mark. */
    private static String classOf(Throwable error) {
        StringBuilder all = new StringBuilder();
        for (Throwable inside = error; inside != null; inside = inside.getCause()) {
            all.append(inside).append('\n');
        }
        for (String[] known : CLASSES) {
            if (all.indexOf(known[0]) >= 0) return known[1];
        }
        return "other";
    }

    // The first that fits.
    private static final String[][] CLASSES = {
        {"Too many open files", "emfile"},
        {"Cannot assign requested address", "eaddrnotavail"},
        {"TimeoutException", "timeout"},
        {"UnknownHostException", "dns"},
        {"UnresolvedAddressException", "dns"},
        {"javax.net.ssl", "tls"},
        {"ConnectException", "connect"},
        {"Connection reset", "reset"},
        {"Broken pipe", "reset"},
        {"EOF", "closed"},
        {"received no bytes", "closed"},
        {"closed", "closed"},
        {"CancellationException", "canceled"},
    };
}
