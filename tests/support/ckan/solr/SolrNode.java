// SPDX-License-Identifier: EUPL-1.2
// One Solr node inside Jetty, on the loopback:  java -cp 'lib/*' SolrNode.java HOME PORT
import java.net.InetSocketAddress;
import java.util.EnumSet;
import javax.servlet.DispatcherType;
import org.apache.solr.servlet.CoreContainerProvider;
import org.apache.solr.servlet.SolrDispatchFilter;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.servlet.DefaultServlet;
import org.eclipse.jetty.servlet.ServletContextHandler;

public class SolrNode {
  public static void main(String[] arguments) throws Exception {
    String home = arguments[0];
    String port = arguments[1];
    System.setProperty("solr.solr.home", home);
    System.setProperty("solr.log.dir", home + "/logs");
    System.setProperty("jetty.port", port);
    Server server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(port)));
    ServletContextHandler context =
        new ServletContextHandler(server, "/solr", ServletContextHandler.NO_SESSIONS);
    context.addEventListener(new CoreContainerProvider());
    context.addFilter(SolrDispatchFilter.class, "/*", EnumSet.of(DispatcherType.REQUEST));
    context.addServlet(DefaultServlet.class, "/");
    context.setResourceBase(home);
    server.setStopAtShutdown(true);
    server.start();
    server.join();
  }
}
