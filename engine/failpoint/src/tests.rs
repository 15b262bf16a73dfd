use super::*;

#[test]
fn every_name_is_read_back_and_nonsense_is_refused() {
    for &point in Point::ALL {
        let failpoint = Failpoint { point, count: 17 };
        assert_eq!(failpoint.to_string().parse(), Ok(failpoint));
    }
    for bad in ["", "written", "written:", "written:0", "written:-1", "Written:1", "nowhere:1", ":1"] {
        assert_eq!(bad.parse::<Failpoint>(), Err(BadFailpoint), "{bad}");
    }
    assert!(BadFailpoint.to_string().contains("snapshot-half"));
}

/// One test, because what is armed is armed for the whole process.
#[test]
fn a_place_is_due_once_at_its_count() {
    assert!(!is_due(Point::Written), "nothing is armed");
    arm(Failpoint { point: Point::Written, count: 3 });
    pass(Point::Synced);
    pass_if(Point::Synced, || unreachable!("only the armed place asks"));
    pass_if(Point::Written, || false);
    let due: Vec<bool> = (0..5).map(|_| is_due(Point::Written)).collect();
    assert_eq!(due, [false, false, true, false, false]);
}
