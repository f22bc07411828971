/* SPDX-License-Identifier: EUPL-1.2 */
#include "ports/host/simulation.h"

#include <math.h>
#include <stdbool.h>

#define TURN 6.283185307179586
#define HOUR_S 3600.0
#define DAY_S 86400.0
#define YEAR_DAYS 365.2425

/* Each kind of noise has its own stream of random numbers. */
enum stream {
    STREAM_WIND,
    STREAM_GUSTS,
    STREAM_SEICHE,
    STREAM_SEASON,
    STREAM_WEATHER,
    STREAM_SALT,
    STREAM_ALGAE,
    STREAM_BATTERY,
    STREAM_HARBOUR
};

/* The finaliser of splitmix64 (Steele, Lea and Flood 2014), to [-1, 1). */
static double hashed(uint64_t seed, enum stream stream, int64_t knot)
{
    uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)stream;
    x = x * UINT64_C(0xd1b54a32d192ed03) + (uint64_t)knot;
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
    return (double)(x >> 11) / 4503599627370496.0 - 1.0;
}

static double noise(const struct simulation *s, enum stream stream, double t_s,
                    double period_s)
{
    double at = t_s / period_s;
    double knot = floor(at);
    double x = at - knot;
    double a = hashed(s->seed, stream, (int64_t)knot);
    double b = hashed(s->seed, stream, (int64_t)knot + 1);
    return a + (b - a) * x * x * (3 - 2 * x);
}

static double wave(double t_s, double period_s)
{
    return sin(TURN * fmod(t_s, period_s) / period_s);
}

/* Day of the year without its calendar: 1970 began with one, and years average out. */
static double season(double t_s, double day_of_peak)
{
    return cos(TURN * fmod(t_s / DAY_S - day_of_peak, YEAR_DAYS) / YEAR_DAYS);
}

static double day_cycle(double t_s, double hour_of_peak)
{
    double hour = t_s / HOUR_S + 0.8;
    return cos(TURN * fmod(hour - hour_of_peak, 24) / 24);
}

static double level_about_mean(const struct simulation *s, double t_s)
{
    double harbour = wave(t_s, 60 * (26 + 14 * hashed(s->seed, STREAM_HARBOUR, 0)));
    double wind = noise(s, STREAM_WIND, t_s, 36 * HOUR_S);
    switch (s->kind) {
    case SIMULATION_LAKE:
        return 0.12 * season(t_s, 80) + 0.04 * noise(s, STREAM_SEASON, t_s, 10 * DAY_S) +
               0.01 * harbour;
    case SIMULATION_RIVER:
        return 0.05 + 0.14 * wind + 0.08 * noise(s, STREAM_SEASON, t_s, 7 * DAY_S) +
               0.02 * harbour;
    case SIMULATION_COAST:
        break;
    }
    double seiche = 0.08 + 0.04 * noise(s, STREAM_SEICHE, t_s, 60 * HOUR_S);
    return 0.08 + 0.16 * wind + 0.06 * noise(s, STREAM_GUSTS, t_s, 9 * HOUR_S) +
           seiche * wave(t_s, 27.4 * HOUR_S) + 0.02 * harbour;
}

/* 0 in the middle of February, 1 in the middle of August. */
static double summer(double t_s)
{
    return (1 - season(t_s, 45)) / 2;
}

static double temperature(const struct simulation *s, double t_s)
{
    bool lake = s->kind == SIMULATION_LAKE;
    double year = lake ? 11.0 - 7.9 * season(t_s, 45) : 10.6 - 7.6 * season(t_s, 45);
    double day = (0.1 + 0.4 * summer(t_s)) * day_cycle(t_s, 16);
    return year + day + (lake ? 0.6 : 0.8) * noise(s, STREAM_WEATHER, t_s, 5 * DAY_S);
}

double simulation_oxygen_solubility(double temperature_c, double salinity_psu)
{
    double k = temperature_c + 273.15;
    double base = -139.34411 + 1.575701e5 / k - 6.642308e7 / (k * k) +
                  1.243800e10 / (k * k * k) - 8.621949e11 / (k * k * k * k);
    double salt = salinity_psu * (0.017674 - 10.754 / k + 2140.7 / (k * k));
    return exp(base - salt);
}

static double conductivity_ms_cm(double salinity_psu, double temperature_c)
{
    const double a = 5.572e-4;
    const double b = 2.02e-9;
    double sc_us_cm = (-a + sqrt(a * a + 4 * b * salinity_psu)) / (2 * b);
    return sc_us_cm * (1 + 0.0191 * (temperature_c - 25)) / 1000;
}

struct simulation_water simulation_at(const struct simulation *s, int64_t time_us)
{
    double t_s = (double)time_us / 1e6;
    struct simulation_water w;
    w.level_m = s->mean_level_m + level_about_mean(s, t_s);
    w.distance_mm = (s->sensor_height_m - w.level_m) * 1000;
    w.temperature_c = temperature(s, t_s);
    w.salinity_psu = s->salinity_psu * (1 + 0.12 * noise(s, STREAM_SALT, t_s, 4 * DAY_S));
    w.conductivity_ms_cm = conductivity_ms_cm(w.salinity_psu, w.temperature_c);
    double saturation = 0.98 + 0.04 * noise(s, STREAM_ALGAE, t_s, 3 * DAY_S) +
                        (0.02 + 0.10 * summer(t_s)) * day_cycle(t_s, 15);
    w.oxygen_mg_l =
        saturation * simulation_oxygen_solubility(w.temperature_c, w.salinity_psu);
    w.battery_v = 3.92 + 0.10 * day_cycle(t_s, 15) +
                  0.06 * noise(s, STREAM_BATTERY, t_s, 8 * DAY_S);
    return w;
}
