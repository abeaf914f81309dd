//! A place on the earth, and how far it is to another.

/// Mean radius of the earth, kilometres.
const EARTH_KM: f64 = 6_371.008_8;

/// Degrees north and east.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    latitude: f64,
    longitude: f64,
}

impl Place {
    /// `None` for what is on no map: beyond 90 degrees north or south, or 180 east or west.
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let fits = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        fits.then_some(Self { latitude, longitude })
    }

    /// Degrees north, -90 to 90.
    pub const fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east, -180 to 180.
    pub const fn longitude(self) -> f64 {
        self.longitude
    }

    /// Kilometres along the great circle (haversine, on a sphere: within 0.6 % of the truth).
    pub fn distance_km(self, other: Self) -> f64 {
        let half_sine = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let (north, east) = (other.latitude - self.latitude, other.longitude - self.longitude);
        let cosines = self.latitude.to_radians().cos() * other.latitude.to_radians().cos();
        let chord = cosines.mul_add(half_sine(east), half_sine(north));
        2.0 * EARTH_KM * chord.clamp(0.0, 1.0).sqrt().asin()
    }

    /// The degrees of latitude, from the south, that hold every place at most `km` away.
    pub fn latitudes_within(self, km: f64) -> (f64, f64) {
        // A little more than needed: what the band holds too much, the distance leaves out.
        let degrees = (km / EARTH_KM).to_degrees().mul_add(1.000_001, 1e-9);
        ((self.latitude - degrees).max(-90.0), (self.latitude + degrees).min(90.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(latitude: f64, longitude: f64) -> Place {
        Place::new(latitude, longitude).unwrap()
    }

    #[test]
    fn known_distances() {
        for (from, to, km) in [
            (place(-1.2864, 36.8172), place(-4.0435, 39.6682), 440.0), // Nairobi, Mombasa
            (place(51.5074, -0.1278), place(48.8566, 2.3522), 343.6),  // London, Paris
            (place(0.0, 179.9), place(0.0, -179.9), 22.2),             // over the date line
            (place(90.0, 0.0), place(-90.0, 0.0), 20_015.1),
            (place(-1.2864, 36.8172), place(-1.2864, 36.8172), 0.0),
        ] {
            let found = from.distance_km(to);
            assert!((found - km).abs() <= km.mul_add(0.005, 0.01), "{found} for {km}");
        }
        assert_eq!(Place::new(90.1, 0.0), None);
        assert_eq!(Place::new(0.0, f64::NAN), None);
        assert_eq!(Place::new(f64::INFINITY, 0.0), None);
    }

    proptest! {
        #[test]
        fn the_band_holds_what_is_near(
            lat in -90.0..=90.0_f64, lon in -180.0..=180.0_f64,
            lat2 in -90.0..=90.0_f64, lon2 in -180.0..=180.0_f64, km in 0.0..=20_100.0_f64,
        ) {
            let (here, there) = (place(lat, lon), place(lat2, lon2));
            let distance = here.distance_km(there);
            prop_assert!((0.0..=20_020.0).contains(&distance));
            prop_assert!((distance - there.distance_km(here)).abs() < 1e-6);
            let (south, north) = here.latitudes_within(km);
            if distance <= km {
                prop_assert!((south..=north).contains(&lat2));
            }
        }
    }
}
