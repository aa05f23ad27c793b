//! What both databases promise, as tests.
//!
//! The server comes from `SIDEGATE_TEST_MYSQL`, as for the user table's own contract; each test makes a database of its own and
//! drops it. Whoever adds a subject adds a file with its promises and a line for each database.

mod attempts;
mod bench;
mod codes;
mod families;
mod member_acts;
mod migrations;
mod outage;
mod stamps;

/// Runs each named test on a bench of the given kind.
macro_rules! on {
    ($bench:ident, $module:ident: $($name:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            let bench = crate::store::contract::bench::Bench::$bench().await;
            bench.hosting(super::$module::$name(&bench)).await;
        })*
    };
}

/// The whole suite on one kind of bench.
macro_rules! suite_on {
    ($bench:ident) => {
        on! { $bench, migrations:
            nothing_is_there_before_the_first, what_was_applied_is_not_applied_again, a_changed_file_is_an_error,
            stamping_does_nothing_else, rows_are_not_lost_by_accident, two_at_once_apply_each_once,
            what_is_undone_can_be_applied_again, a_newer_version_is_left_alone,
        }

        on! { $bench, attempts:
            counts_are_kept_as_they_were_decided, counts_of_many_at_once_are_all_counted, forgotten_counts_are_deleted,
        }

        on! { $bench, codes:
            a_code_is_spent_once, of_many_that_spend_one_does_so, wrong_codes_use_it_up, tries_at_once_all_count,
            a_code_of_another_account_or_an_expired_one_is_none, another_takes_its_place_when_it_may_be_sent,
            a_link_says_whose_it_is, what_nobody_has_is_looked_up_alike, codes_are_forgotten_in_time,
        }

        on! { $bench, families:
            a_token_is_spent_once, of_many_that_spend_one_does, of_many_that_open_with_one_token_one_does,
            a_session_has_no_tokens_but_its_own, what_was_ended_is_spent_by_nobody, an_end_is_told_to_others,
            sessions_are_listed_by_their_use, sessions_are_forgotten_in_time,
            hostile_names_of_agents_are_cut_and_kept,
        }

        on! { $bench, member_acts:
            acts_are_shown_latest_first, acts_are_told_of_one_member_alone, acts_are_forgotten_in_time,
        }

        on! { $bench, stamps:
            a_stamp_only_moves_forward, what_changes_nothing_is_not_logged, everything_that_holds_is_loaded,
            the_log_tells_others_in_order, a_log_that_was_cut_is_lost, changes_of_two_at_once_have_no_holes,
            members_differ_by_each_byte, texts_that_are_too_long_are_refused, a_changed_secret_stamps_once,
            fingerprints_come_in_order, checkpoints_are_kept, old_rows_are_forgotten, hostile_texts_are_texts,
            what_somebody_else_has_written_is_corrupt,
        }
    };
}

mod on_sqlite {
    suite_on!(sqlite);

    on! { sqlite, outage:
        a_file_is_for_its_own_user, a_locked_file_meets_the_deadline, a_folder_that_comes_late_is_found,
        what_is_in_memory_stays_there,
    }
}

mod on_mysql {
    suite_on!(mysql);

    on! { mysql, migrations:
        a_half_applied_one_is_said, one_that_was_broken_off_is_finished,
        an_undoing_that_was_broken_off_is_finished, a_missing_right_is_told,
    }

    on! { mysql, outage:
        a_restart_is_survived, a_locked_row_meets_the_deadline, a_deadlock_is_done_again,
        a_killed_connection_loses_nothing, an_account_that_may_only_read_is_told, a_frozen_server_meets_the_deadline,
    }
}
