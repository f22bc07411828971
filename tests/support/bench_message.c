/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/bench_message.h"

#include <stdio.h>
#include <time.h>

static const char *const cities[] = {"luebeck",  "kiel",      "wismar",        "rostock",
                                     "schwerin", "stralsund", "neubrandenburg"};

struct values {
    double temperature, conductivity, level, oxygen;
};

static struct values values_of(long i)
{
    unsigned h = (unsigned)i * 2654435761U;
    return (struct values){.temperature = (h % 3000) / 100.0,
                           .conductivity = ((h >> 8) % 6000) / 100.0,
                           .level = ((h >> 12) % 2000) / 1000.0 - 1,
                           .oxygen = ((h >> 16) % 150) / 10.0};
}

static void make_json(struct bench_message *m, int device, const char *time,
                      const struct values *v)
{
    const char *city = cities[device % 7];
    snprintf(m->topic, sizeof m->topic, "city/%s/device/%d/up", city, device);
    m->size = (size_t)snprintf(
        m->payload, sizeof m->payload,
        "{\"time\":\"%sZ\",\"temperature\":%.2f,\"conductivity\":%.2f,\"level\":%.3f,"
        "\"oxygen\":%.1f,\"devEui\":\"10e2073a0108%04x\",\"deviceName\":\"%s-water-%"
        "03d\","
        "\"application\":\"water-level\",\"gateway\":\"gw-%s-%02d\","
        "\"unit\":\"degC;mS/cm;m;mg/l\"}",
        time, v->temperature, v->conductivity, v->level, v->oxygen, (unsigned)device,
        city, device, city, device % 9);
}

static size_t put_gateway(char *to, size_t size, int number, const char *time,
                          const char *city)
{
    return (size_t)snprintf(
        to, size,
        "%s{\"gateway_ids\":{\"gateway_id\":\"gw-%s-%02d\",\"eui\":\"B827EBFFFE%06X\"},"
        "\"time\":\"%s.112Z\",\"timestamp\":%d,\"rssi\":%d,\"channel_rssi\":%d,"
        "\"snr\":%.1f,\"location\":{\"latitude\":53.89%d,\"longitude\":10.70%d,"
        "\"altitude\":%d,\"source\":\"SOURCE_REGISTRY\"},"
        "\"uplink_token\":\"CiIKIAoUZ3ctYmVuY2gtd2F0ZXItMDAwMRIIuCfr//4AAAEQ3c7x"
        "pwQaDAi5nbOqBhCg5Zq0ASD4rIDWq0w=\",\"channel_index\":%d,"
        "\"received_at\":\"%s.131Z\"}",
        number > 0 ? "," : "", city, number, (unsigned)number * 77U, time,
        1138000000 + number, -70 - number * 9, -70 - number * 9, 9.5 - number, number,
        number, 12 + number, number, time);
}

static void make_ttn(struct bench_message *m, long i, const char *time,
                     const struct values *v)
{
    int device = (int)(i % BENCH_DEVICES);
    const char *city = cities[device % 7];
    snprintf(m->topic, sizeof m->topic, "v3/%s@ttn/devices/water-%03d/up", city, device);
    size_t n = (size_t)snprintf(
        m->payload, sizeof m->payload,
        "{\"end_device_ids\":{\"device_id\":\"water-%03d\",\"application_ids\":"
        "{\"application_id\":\"%s\"},\"dev_eui\":\"10E2073A0108%04X\","
        "\"join_eui\":\"0000000000000001\",\"dev_addr\":\"260B%04X\"},"
        "\"correlation_ids\":[\"gs:uplink:01HQ0000000000000000000000\"],"
        "\"received_at\":\"%s.338Z\",\"uplink_message\":{\"session_key_id\":"
        "\"AY1vUnaXM+s0000000000w==\",\"f_port\":1,\"f_cnt\":%ld,\"frm_payload\":"
        "\"AhKjAAMAZAQBC7gMcQ==\",\"decoded_payload\":{\"temperature\":%.2f,"
        "\"conductivity\":%.2f,\"level\":%.3f,\"oxygen\":%.1f},\"rx_metadata\":[",
        device, city, (unsigned)device, (unsigned)device, time, i / BENCH_DEVICES,
        v->temperature, v->conductivity, v->level, v->oxygen);
    for (int g = 0; g < 3; g++) {
        n += put_gateway(m->payload + n, sizeof m->payload - n, g, time, city);
    }
    n += (size_t)snprintf(
        m->payload + n, sizeof m->payload - n,
        "],\"settings\":{\"data_rate\":{\"lora\":{\"bandwidth\":125000,"
        "\"spreading_factor\":7,\"coding_rate\":\"4/5\"}},\"frequency\":\"868100000\","
        "\"timestamp\":1138000000,\"time\":\"%s.112Z\"},\"received_at\":\"%s.134Z\","
        "\"consumed_airtime\":\"0.061696s\",\"version_ids\":{\"brand_id\":\"bench\","
        "\"model_id\":\"water-4\",\"hardware_version\":\"1\",\"firmware_version\":\"1."
        "2\","
        "\"band_id\":\"EU_863_870\"},\"network_ids\":{\"net_id\":\"000013\","
        "\"ns_id\":\"EC656E0000000181\",\"tenant_id\":\"ttn\",\"cluster_id\":\"eu1\","
        "\"cluster_address\":\"eu1.cloud.example\"}}}",
        time, time);
    m->size = n;
}

void bench_message_make(struct bench_message *m, bool ttn, long i, int64_t start_s)
{
    char time[32];
    time_t at = (time_t)(start_s + i / BENCH_DEVICES * BENCH_INTERVAL_S);
    struct tm parts;
    gmtime_r(&at, &parts);
    strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &parts);
    const struct values v = values_of(i);
    if (ttn) {
        make_ttn(m, i, time, &v);
    } else {
        make_json(m, (int)(i % BENCH_DEVICES), time, &v);
    }
}
