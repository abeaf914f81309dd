//! Switches in the database: they can only switch further off what the environment allows.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use marketplace::Timestamp;
use strum::IntoEnumIterator as _;

use crate::{Conn, Store, StoreError, on_conn, schema};

/// What can be switched off, at once and on every process.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum Flag {
    /// Asking Moltbot.
    AiConcierge,
    /// Reading images.
    Ocr,
    /// Calling.
    Calling,
    /// The kill switch: every send and every call.
    Outbound,
}

/// What the database switches off. A flag without a row is not switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches")]
pub struct Flags {
    /// Asking Moltbot.
    pub ai_concierge: bool,
    /// Reading images.
    pub ocr: bool,
    /// Calling.
    pub calling: bool,
    /// Every send and every call.
    pub outbound: bool,
}

impl Flags {
    /// What an unreadable table means.
    pub const OFF: Self = Self { ai_concierge: false, ocr: false, calling: false, outbound: false };

    /// One flag.
    pub const fn is_on(self, flag: Flag) -> bool {
        match flag {
            Flag::AiConcierge => self.ai_concierge,
            Flag::Ocr => self.ocr,
            Flag::Calling => self.calling,
            Flag::Outbound => self.outbound,
        }
    }

    const fn set(&mut self, flag: Flag, on: bool) {
        match flag {
            Flag::AiConcierge => self.ai_concierge = on,
            Flag::Ocr => self.ocr = on,
            Flag::Calling => self.calling = on,
            Flag::Outbound => self.outbound = on,
        }
    }
}

/// The flags as they are in the caller's transaction. A caller that can't tell because of an error must take
/// [`Flags::OFF`].
pub fn load(conn: &mut Conn) -> Result<Flags, StoreError> {
    use schema::flags;
    let rows: Vec<(String, bool)> =
        on_conn!(conn, |c| flags::table.order(flags::name).select((flags::name, flags::enabled)).load(c))?;
    let mut flags = Flags { ai_concierge: true, ocr: true, calling: true, outbound: true };
    for (name, enabled) in rows {
        // A newer release may know more.
        if let Ok(flag) = name.parse() {
            flags.set(flag, enabled);
        }
    }
    Ok(flags)
}

/// Switches a flag.
pub fn set(conn: &mut Conn, flag: Flag, enabled: bool, now: Timestamp) -> Result<(), StoreError> {
    use schema::flags;
    let switched = (flags::enabled.eq(enabled), flags::updated_at.eq(now.as_millis()));
    on_conn!(conn, |c| diesel::insert_into(flags::table)
        .values((flags::name.eq(flag.to_string()), switched))
        .on_conflict(flags::name)
        .do_update()
        .set(switched)
        .execute(c))?;
    Ok(())
}

/// One switch as an operator sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    /// What it switches.
    pub flag: Flag,
    /// Whether the database lets it be on.
    pub on: bool,
    /// When it was last switched; `None` when it never was.
    pub since: Option<Timestamp>,
}

/// Every switch, in the order of [`Flag`].
pub fn switches(conn: &mut Conn) -> Result<Vec<Switch>, StoreError> {
    use schema::flags;
    let rows: Vec<(String, bool, i64)> = on_conn!(conn, |c| flags::table
        .order(flags::name)
        .select((flags::name, flags::enabled, flags::updated_at))
        .load(c))?;
    let switch = |flag: Flag| {
        let row = rows.iter().find(|(name, ..)| *name == flag.to_string());
        let since = row.map(|(_, _, at)| Timestamp::from_millis(*at));
        Switch { flag, on: row.is_none_or(|(_, enabled, _)| *enabled), since }
    };
    Ok(Flag::iter().map(switch).collect())
}

impl Store {
    /// The flags now; all off if they can't be read.
    pub async fn flags(&self) -> Flags {
        match self.read(load).await {
            Ok(flags) => flags,
            Err(error) => {
                tracing::error!(%error, "the flags can't be read: everything is off");
                Flags::OFF
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::on_both;

    #[test]
    fn a_flag_is_on_until_it_is_switched_off() {
        on_both(async |test| {
            let all_on = Flags { ai_concierge: true, ocr: true, calling: true, outbound: true };
            assert_eq!(test.store.flags().await, all_on);
            let at = Timestamp::from_millis(1);
            for enabled in [false, true] {
                test.store.write(move |conn| set(conn, Flag::Outbound, enabled, at)).await.unwrap();
                assert_eq!(test.store.flags().await, Flags { outbound: enabled, ..all_on });
                let switches = test.store.read(switches).await.unwrap();
                let known = Switch { flag: Flag::Outbound, on: enabled, since: Some(at) };
                assert_eq!(switches.last(), Some(&known));
                let others = &switches[..switches.len() - 1];
                assert!(others.iter().all(|switch| switch.on && switch.since.is_none()), "{others:?}");
            }
        });
    }

    #[test]
    fn unreadable_flags_are_off() {
        on_both(async |test| {
            let dropped: Result<(), StoreError> = test
                .store
                .write(|conn| {
                    use diesel::connection::SimpleConnection;
                    Ok(on_conn!(conn, |c| c.batch_execute("DROP TABLE flags"))?)
                })
                .await;
            dropped.unwrap();
            assert_eq!(test.store.flags().await, Flags::OFF);
        });
    }

    #[test]
    fn every_flag_has_its_own_switch() {
        for flag in Flag::iter() {
            let mut flags = Flags::OFF;
            flags.set(flag, true);
            assert_eq!(Flag::iter().filter(|flag| flags.is_on(*flag)).collect::<Vec<_>>(), [flag]);
        }
    }
}
