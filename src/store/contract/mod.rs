//! What both databases promise, as tests.
//!
//! `suite` and `values` run against SQLite and against a real server; `server` and `file` hold what only one
//! of them can show. The server comes from `SIDEGATE_TEST_MYSQL`, the URL of an account that may
//! create databases and accounts; each test makes a database of its own and drops it.

pub(crate) mod bench;
mod file;
pub(crate) mod gate;
mod joining;
mod members;
mod outage;
mod ruled;
mod server;
mod suite;
mod values;
mod writing;

/// Runs each named test on a bench of the given kind.
macro_rules! on {
    ($bench:ident, $module:ident: $($name:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            let bench = super::bench::Bench::$bench().await;
            bench.hosting(super::$module::$name(&bench)).await;
        })*
    };
}

/// The whole suite on one kind of bench.
macro_rules! suite_on {
    ($bench:ident) => {
        on! { $bench, suite:
            finds_by_login_and_by_id, integers_equal_their_canonical_text_only,
            injection_finds_nothing, duplicates_come_in_order_and_bounded, hostile_names_are_names,
            a_missing_table_is_named, the_first_missing_column_is_named, an_inspection_sees_the_table_as_it_is,
            four_bytes_of_utf8_are_one_character, odd_logins_do_not_reach_the_database,
            text_ids_are_text, extreme_ids_are_exact, look_ups_run_side_by_side,
        }

        on! { $bench, values:
            shows_every_type, null_is_shown_as_null, the_first_state_that_matches_holds,
            a_state_needs_all_its_columns, states_that_cannot_be_read_are_errors,
            passwords_are_text_or_bytes, bytes_that_are_no_text_are_corrupt,
        }

        on! { $bench, ruled:
            rules_see_columns_as_they_are, a_row_has_its_state, a_row_is_found_by_the_spelling_of_its_id,
            a_missing_column_is_the_rules_matter_alone, a_state_that_cannot_be_read_is_an_error,
        }

        on! { $bench, writing:
            a_password_is_swapped_once, columns_are_set_in_every_table_or_in_none, what_a_column_does_not_take_is_unfit,
            whose_row_it_is_is_compared_to_the_byte, members_are_found_by_other_columns, an_unknown_name_is_told,
        }

        on! { $bench, members:
            a_list_goes_on_behind_its_last_member, what_is_typed_means_itself, members_are_listed_as_they_are,
            numbers_begin_with_digits, a_state_is_swapped_once, whoever_was_seen_in_a_state_is_removed_in_it, a_state_of_a_joined_table_is_swapped,
        }

        on! { $bench, joining:
            a_member_is_made_in_every_table, of_many_equal_members_one_is_made, a_member_who_failed_leaves_no_row,
            unproven_members_are_replaced, who_has_left_may_come_back_after_a_while,
            a_member_is_removed_from_every_table, ids_are_made_by_whoever_makes_them,
        }
    };
}

mod on_sqlite {
    suite_on!(sqlite);
}

mod on_mysql {
    suite_on!(mysql);

    on! { mysql, server:
        collation_decides, unwritable_characters_find_nothing, unsigned_ids_are_exact,
        server_types_are_shown, a_decimal_login_is_exact, a_wrong_password_is_refused,
        a_missing_grant_is_refused, a_missing_database_is_told, tls_trusts_its_own_authority,
        other_schemas_are_reached,
    }

    on! { mysql, outage:
        a_server_that_comes_late_is_found, a_restart_is_survived, a_black_hole_is_bounded,
        a_frozen_connection_is_replaced, killed_connections_are_replaced,
        a_locked_table_meets_the_deadline, a_full_pool_meets_the_deadline,
        a_look_up_whose_connection_dies_is_repeated,
    }

    on! { mysql, writing:
        a_server_that_is_away_is_no_wrong_password, an_account_that_may_not_write_is_told,
        a_lock_of_somebody_else_meets_the_deadline,
    }

    on! { mysql, members: the_collation_decides_what_a_login_begins_with }

    on! { mysql, joining: ids_by_default_are_found }
}

mod on_file {
    on! { sqlite, file:
        a_missing_file_is_named_and_not_made, an_endless_query_is_interrupted,
        an_abandoned_query_is_interrupted, a_locked_file_meets_the_deadline,
        a_file_that_is_no_database_is_unavailable, nothing_can_be_written,
        shared_memory_is_read, numbers_in_text_columns_keep_their_spelling,
        closing_ends_the_thread,
    }

    on! { sqlite, writing: a_locked_file_meets_the_deadline_of_writes, a_missing_file_is_not_made_to_be_written }
}
